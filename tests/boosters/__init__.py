"""Small files of XGBoost, LightGBM and CatBoost, and what their libraries say of rows.

``python -m tests.boosters`` makes them, with the libraries of the extra ``boosters``.
They are kept, so that the tests need none; ``tests.legitimate.boosters`` reads them.
"""
