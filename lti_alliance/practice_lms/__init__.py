"""A small, real LTI 1.3 platform for the demo and the tests; it shares no code with the tool."""
