"""What every room may use: files, paths, JSON, parameters, warnings and versions."""
