"""From a profile table to a registered model."""

import pickle

from pgchurn.loader import output
from pgchurn.loader.labels import churned
from pgchurn.loader.profile import Profile
from pgchurn.loader.registration import check_server_environment, register
from pgchurn.loader.training import train


def train_and_register(
    connection,
    table,
    label,
    *,
    algorithm,
    exclude,
    positive_class,
    seed,
    compile_form,
    signer=None,
):
    """Train on an attached profile table and register the model.

    Parameters
    ----------
    signer : Signer or None
        Signs the model before it is registered.

    Returns
    -------
    dict
        The report on the training together with what the registry says.
    """
    profile = Profile.find(connection, table)
    check_server_environment(connection)
    kinds, left_out = profile.usable_features(label, exclude)
    with output.progress_bar(None, "row", f"reading {profile.name}") as bar:
        frame, labels = profile.read(connection, kinds, label, bar.update)
    connection.rollback()
    output.message(f"read {len(frame):,} labelled rows of {profile.name}")

    trained = train(
        frame,
        churned(labels, positive_class),
        kinds,
        algorithm,
        seed,
        progress=output.message,
    )
    report = trained.as_dict()
    left_out |= report["left_out"]
    artifact = pickle.dumps(trained.pipeline, protocol=pickle.HIGHEST_PROTOCOL)
    registered = register(
        connection,
        profile,
        artifact,
        trained.pipeline,
        trained.features,
        positive_class=None,
        compile_form=compile_form,
        metrics=report["evaluation"],
        provenance={
            "source": "pgchurn train",
            "algorithm": trained.algorithm,
            "table": profile.name,
            "label": label,
            "rows": len(frame),
            "train_rows": trained.train_rows,
            "seed": seed,
            "comparison": report["comparison"],
            "left_out": left_out,
        },
        signed=signer and signer.sign(signer.describe(artifact, trained.pipeline)[0]),
    )
    return {**report, **registered, "left_out": left_out}
