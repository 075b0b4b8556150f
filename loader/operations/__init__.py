"""Running pgchurn: migrations, checks, rescoring, the queue and its consumers."""
