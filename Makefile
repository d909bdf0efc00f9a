# What `sam build` calls for each function of the templates: build-NAME. Nothing else is built by make.
#
# ARCH must be the template's parameter Architecture, in its words; PROFILE is that of scripts/package.
ARCH ?= arm64
PROFILE ?= release

.PHONY: build-AthenaMSKConnector build-Producer

build-AthenaMSKConnector:
	scripts/package --arch $(ARCH) --profile $(PROFILE) connector
	cp -R target/package/connector/. "$(ARTIFACTS_DIR)"

build-Producer:
	scripts/package --arch $(ARCH) --profile $(PROFILE) producer
	cp -R target/package/producer/. "$(ARTIFACTS_DIR)"
