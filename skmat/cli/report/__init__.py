"""The page that ``skmat train`` writes about a model."""

from skmat.cli.report.page import Story, write_report

__all__ = ["Story", "write_report"]
