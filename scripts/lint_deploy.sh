#!/bin/sh
# The files of deploy/ that other programs read, checked as far as can be done without them:
# hadolint the Dockerfile, Kubernetes' own schemas the manifests, cfn-lint what CloudFormation gets.
# With kubectl the overlays are checked as they are built, with docker compose its file.
set -eu
cd "$(dirname "$0")/.."
bin=$1
kubernetes=1.34.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

validate() {  # a kind or version that Kubernetes doesn't have is a warning there, and an error here
    said=$("$bin/kubernetes-validate" --quiet --strict -k "$kubernetes" "$@") && [ -z "$said" ] || {
        echo "$said" >&2
        return 1
    }
}

"$bin/hadolint" deploy/docker/Dockerfile
manifests=$(find deploy/kubernetes -name '*.yaml' ! -name kustomization.yaml ! -name patch.yaml)
validate $manifests
if kubectl kustomize --help > "$work/help" 2>&1; then
    cp -r deploy/kubernetes "$work/kubernetes"
    for overlay in "$work"/kubernetes/overlays/*; do
        cp "$overlay/secrets.env.example" "$overlay/secrets.env"
        kubectl kustomize "$overlay" > "$overlay.built.yaml"
        validate "$overlay.built.yaml"
    done
fi
if docker compose version > "$work/version" 2>&1; then
    docker compose -f deploy/docker/compose.yaml --env-file deploy/docker/example.env config --quiet
fi
templates=$(grep -rl '^AWSTemplateFormatVersion:' --include='*.yaml' --include='*.yml' deploy)
"$bin/cfn-lint" $templates
