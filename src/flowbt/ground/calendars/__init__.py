"""Business days: of exchanges (`hours.py`), and of the United States government (`federal.py`)."""
