# SPDX-License-Identifier: Apache-2.0
# Finds every MPI that is installed, side by side, one per family (openmpi, mpich). FindMPI knows
# only one at a time. No MPI at all is fine: then the list of families is empty.
#
#   EPMT_MPI_FAMILIES          those found, in the order of the candidates
#   EPMT_MPI_<FAMILY>_CC       C compiler wrapper
#   EPMT_MPI_<FAMILY>_FC       Fortran compiler wrapper; empty when there is none that compiles
#   EPMT_MPI_<FAMILY>_RUN      mpirun; empty when there is none
#   epmt_mpi_<family>_headers  target: mpi.h to compile with, nothing to link
#   epmt_mpi_<family>_c        target: the same and the MPI library

set(EPMT_MPI_CANDIDATES "mpicc.openmpi;mpicc.mpich;mpicc" CACHE STRING
    "MPI C compiler wrappers to look at, names or paths; the first of each family is taken")

# Sets <out> to openmpi or mpich by what the wrapper's mpi.h defines, or to an empty string.
function(epmt_mpi_family out cc)
  set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/epmt_mpi_probe.c)
  file(WRITE ${probe} "#include <mpi.h>\n")
  execute_process(COMMAND ${cc} -E -dM ${probe} OUTPUT_VARIABLE macros ERROR_QUIET)
  if(macros MATCHES "#define OPEN_MPI ")
    set(${out} openmpi PARENT_SCOPE)
  elseif(macros MATCHES "#define MPICH_(VERSION|NAME) ")
    set(${out} mpich PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

# Sets <out> to those flags in the output of a wrapper's command that match the regex. A wrapper
# says more than MPI needs: Debian's passes on the flags (LTO) that MPI itself was built with.
function(epmt_mpi_flags out regex)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE said ERROR_QUIET)
  string(REPLACE "-Wl,-rpath -Wl," "-Wl,-rpath," said "${said}")
  separate_arguments(flags UNIX_COMMAND "${said}")
  list(FILTER flags INCLUDE REGEX "${regex}")
  list(REMOVE_DUPLICATES flags)
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# Sets <out> to the program that stands beside the C wrapper and belongs to the same family, or to
# an empty string. A name without the family's suffix counts only where the C wrapper has none.
function(epmt_mpi_program out family cc)
  list(TRANSFORM ARGN APPEND ".${family}" OUTPUT_VARIABLE names)
  if(NOT cc MATCHES "\\.${family}$")
    list(APPEND names ${ARGN})
  endif()
  cmake_path(GET cc PARENT_PATH folder)
  find_program(program NAMES ${names} PATHS ${folder} NO_DEFAULT_PATH NO_CACHE)
  if(NOT program)
    set(program "")
  endif()
  set(${out} "${program}" PARENT_SCOPE)
endfunction()

# Empties the variable <fc> unless that wrapper compiles: it can be there without its compiler.
function(epmt_mpi_check_fortran fc)
  set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/epmt_mpi_probe.f90)
  file(WRITE ${probe} "program probe\n  include 'mpif.h'\nend program probe\n")
  if(${fc})
    execute_process(COMMAND ${${fc}} -fsyntax-only ${probe}
                    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(NOT status EQUAL 0)
      set(${fc} "" PARENT_SCOPE)
    endif()
  endif()
endfunction()

function(epmt_mpi_add_targets family cc)
  if(family STREQUAL "openmpi")
    set(ask_compile --showme:compile)
    set(ask_link --showme:link)
  else()
    set(ask_compile -compile_info)
    set(ask_link -link_info)
  endif()
  epmt_mpi_flags(includes "^-I." ${cc} ${ask_compile})
  epmt_mpi_flags(options "^(-D.|-pthread$)" ${cc} ${ask_compile})
  epmt_mpi_flags(link "^(-L.|-l.|-pthread$|-Wl,-rpath)" ${cc} ${ask_link})
  list(TRANSFORM includes REPLACE "^-I" "")

  add_library(epmt_mpi_${family}_headers INTERFACE)
  target_include_directories(epmt_mpi_${family}_headers SYSTEM INTERFACE ${includes})
  target_compile_options(epmt_mpi_${family}_headers INTERFACE ${options})
  add_library(epmt_mpi_${family}_c INTERFACE)
  target_link_libraries(epmt_mpi_${family}_c INTERFACE epmt_mpi_${family}_headers ${link})
endfunction()

set(EPMT_MPI_FAMILIES "")
foreach(candidate IN LISTS EPMT_MPI_CANDIDATES)
  unset(cc)
  find_program(cc NAMES ${candidate} NO_CACHE)
  if(NOT cc)
    continue()
  endif()
  epmt_mpi_family(family ${cc})
  if(family STREQUAL "" OR family IN_LIST EPMT_MPI_FAMILIES)
    continue()
  endif()
  list(APPEND EPMT_MPI_FAMILIES ${family})
  string(TOUPPER EPMT_MPI_${family} prefix)
  set(${prefix}_CC ${cc})
  epmt_mpi_program(${prefix}_FC ${family} ${cc} mpifort mpif90)
  epmt_mpi_check_fortran(${prefix}_FC)
  epmt_mpi_program(${prefix}_RUN ${family} ${cc} mpirun mpiexec)
  epmt_mpi_add_targets(${family} ${cc})
  message(STATUS "MPI ${family}: CC ${cc}, FC ${${prefix}_FC}, run ${${prefix}_RUN}")
endforeach()
if(NOT EPMT_MPI_FAMILIES)
  message(STATUS "MPI: none found")
endif()
unset(cc)
unset(family)
unset(prefix)
