# The connector as a container image, for accounts whose functions are images. Its files are those of the zip:
#
#   scripts/package connector
#   docker build --platform linux/arm64 --file Dockerfile --tag athena-kafka-connector target/package/connector
#
# Settings are environment variables of the function, as with the zip.
FROM public.ecr.aws/lambda/provided:al2023
COPY LICENSE THIRD-PARTY-LICENSES.txt sbom.cdx.json /usr/share/licenses/athena-kafka-connector/
COPY bootstrap /var/runtime/bootstrap
# Lambda requires an image to name a handler; the connector has only one.
CMD ["bootstrap"]
