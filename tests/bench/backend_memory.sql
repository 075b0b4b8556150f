-- Private megabytes of a backend, its own or another's.
CREATE FUNCTION "@schema@".private_megabytes(backend integer) RETURNS double precision
LANGUAGE plpython3u VOLATILE
AS $python$
with open(f"/proc/{backend}/status", encoding="ascii") as file:
    fields = dict(line.split(":", 1) for line in file)
return int(fields["RssAnon"].split()[0]) / 1024
$python$;
