#!/bin/sh
# New rows have arrived in data/new.csv, and production.npz is the model in use. Replace it by one that knows them, if
# the rows are sound and like the others, and the new model is no worse and good enough. The first command that fails
# ends it: then production.npz and predictions.csv are what they were.
set -eu

smtrain doctor data/new.csv --config train.toml --strict
smtrain check data/new.csv --model production.npz --strict
smtrain fit --config train.toml --output candidate.npz --quiet
smtrain compare production.npz candidate.npz data/test.csv --fail-if worse
smtrain evaluate data/test.csv --config train.toml --model candidate.npz
smtrain predict data/unlabelled.csv --config train.toml --model candidate.npz --output predictions.csv
mv candidate.npz production.npz
