"""The demonstration: the tool and the practice LMS on one machine, with a course in full swing."""
