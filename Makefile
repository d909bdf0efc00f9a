# `sam build` calls build-NAME for each function of the templates. make builds nothing else.
#
# ARCH must have the value of the template's parameter Architecture. PROFILE is the option of scripts/package.
ARCH ?= arm64
PROFILE ?= release

.PHONY: build-AthenaMSKConnector build-Producer

build-AthenaMSKConnector:
	scripts/package --arch $(ARCH) --profile $(PROFILE) connector
	cp -R target/package/connector/. "$(ARTIFACTS_DIR)"

build-Producer:
	scripts/package --arch $(ARCH) --profile $(PROFILE) producer
	cp -R target/package/producer/. "$(ARTIFACTS_DIR)"
