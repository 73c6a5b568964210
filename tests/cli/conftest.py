import pytest


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A datasets folder with the demo market built once."""
    from flowbt.data.demo.build import ensure_demo

    root = tmp_path_factory.mktemp("datasets")
    ensure_demo(root / ".demo")
    return root
