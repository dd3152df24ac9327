"""kustomize: a policy as a generator and a validator of kustomize builds.

`call` is what kustomize asks for, `config` the functionConfig in it, `inline` the policy text inside that, `generate` what
the policy becomes, `build` the comparison of a build with it, `install` the place where kustomize looks for plugins.
"""
