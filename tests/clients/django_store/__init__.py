"""The store as an application of Django's."""
