"""How Canvas and Moodle each speak LTI."""
