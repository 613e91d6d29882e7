# SPDX-License-Identifier: Apache-2.0
# Installs BUILD into a fresh PREFIX: what an older build left there must not make a test pass.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}
                COMMAND_ERROR_IS_FATAL ANY)
