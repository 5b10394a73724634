#!/bin/sh
# Train the shipped versions again, into models/ (needs the keras extra).
#
#   scripts/train_shipped_models.sh [DATA]     DATA: path or URL; default: the public games file
set -eu
cd "$(dirname "$0")/.."
everycase=${EVERYCASE:-.venv/bin/everycase}
games=https://github.com/bgweber/Twitch/raw/master/Recommendations/games-expand.csv
sha256=c8472047c284dd8cddadddab82462e779609213a3c31d497769a52b64ae31fe3
data=${1:-$games}

# Train in another folder, so that the numbers start at 1 and a failure changes nothing.
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

train() { # NAME ESTIMATOR ROWS
    MODELS_URI=$fresh "$everycase" train --data "$data" --sha256 $sha256 \
        --name "$1" --estimator "$2" --rows "$3"
}
train logit_games logit 1:4000
train keras_games keras 1:4000
train logit_games logit 8001:12000
train hgb_games hgb 1:12000

for version in logit_games_v1 keras_games_v1 logit_games_v2 hgb_games_v1; do
    rm -rf "models/$version"
    mv "$fresh/$version" models/
done
