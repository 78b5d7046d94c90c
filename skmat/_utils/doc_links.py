"""Links to the documentation, behind the "?" of HTML diagrams of estimators."""

__all__ = ["DOCS", "DocLinkMixin"]

#: Where the documentation is published.
DOCS = "https://skmat.readthedocs.io/en/stable"


class DocLinkMixin:
    """Let the HTML diagram of an estimator link to its page of ``docs/api.rst``.

    scikit-learn reads these attributes. Classes of other packages that derive from ours get no
    link.
    """

    _doc_link_module = "skmat"
    _doc_link_template = DOCS + "/generated/{page}.html"

    def _doc_link_url_param_generator(self):
        # All estimators are names of `skmat` itself.
        return {"page": f"skmat.{type(self).__name__}"}
