"""Items brought in from other formats and carried out into them, with a report of what is lost."""
