"""What users write can not leave the place it is shown in."""

import json

import pytest

from flowbt.results.pages.base import script


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "a & b", "\u2028line\u2029", "'\"", "<svg onload=x>"])
def test_data_between_script_tags_is_inert_and_reads_back(text):
    written = str(script({"name": text}))
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {"name": text}
