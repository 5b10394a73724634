#!/bin/sh
# Check the files of deploy/ without the programs that read them: the Dockerfile by hadolint, the
# manifests by Kubernetes' own schemas, the CloudFormation templates by cfn-lint. Where kubectl and
# docker compose are installed, they check the built overlays and the compose file as well.
set -eu
cd "$(dirname "$0")/.."
bin=$1
kubernetes=1.34.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

validate() {  # unknown kinds and versions are warnings of the tool, and errors here
    output=$("$bin/kubernetes-validate" --quiet --strict -k "$kubernetes" "$@") && [ -z "$output" ] || {
        echo "$output" >&2
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
