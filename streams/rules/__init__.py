"""The rules a worker goes by: read from a folder, or published to their topic and followed from there."""
