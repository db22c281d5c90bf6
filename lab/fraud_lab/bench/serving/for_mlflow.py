"""Runs where MLflow is installed: `for_mlflow.py MODEL.ubj FOLDER` saves an MLflow model."""

import sys

import mlflow.xgboost
import xgboost

if __name__ == "__main__":
    source, folder = sys.argv[1:]
    booster = xgboost.Booster(model_file=source)
    mlflow.xgboost.save_model(booster, folder, model_format="ubj")
