"""The API described for programs (OpenAPI 3.1) and for people (one page), written by hand in the YAML files here."""
