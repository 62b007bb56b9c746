"""One thread, property tests without a deadline, and the language and style as they were after each test."""

import hypothesis
import matplotlib
import pytest
import torch

from losslib.locales import use_language

hypothesis.settings.register_profile("losslib", deadline=None, max_examples=40)
hypothesis.settings.load_profile("losslib")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_language_and_style():
    with matplotlib.rc_context():
        yield
    use_language("en")
