from tests.soak import signatures


def test_no_false_signature_lets_a_pickle_be_read(server):
    for bar in signatures.measure(server, full=False):
        assert bar.ok, bar
