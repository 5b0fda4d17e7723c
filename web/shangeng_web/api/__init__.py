"""The API for programs: the verbs of the console as JSON, under `/api/v1`, with one token per organisation."""
