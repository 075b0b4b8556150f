"""Reading the files of XGBoost, LightGBM and CatBoost, without their libraries."""
