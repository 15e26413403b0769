"""The only room that imports PyLTI1p3 or speaks to a platform."""
