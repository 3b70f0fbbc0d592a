"""Which documented outcomes were met: the catalogue, counting, report formats, the gate."""
