"""Helpers for every room: files, paths, JSON, parameters, warnings and versions."""
