"""Alliance modules: read from Markdown, checked, catalogued and turned into safe HTML."""
