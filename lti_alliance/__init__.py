"""LTI Alliance teaches the therapeutic alliance inside a learning management system."""
