# imrs-appliance_VERSION_amd64.deb: what is installed where, and what CPack has to know. Included last by the
# top CMakeLists.txt; packaging/deb makes the package. Everything else of it is in packaging/package/.

# Only what is shipped has rules: optimised, without sanitizers.
if(NOT CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR IMRS_SANITIZE OR IMRS_FUZZ)
  return()
endif()

# The same octets wherever the tree lies: a program holds no path of its build, nor does what its build-id is
# made of. Debuggers find the sources from the tree's top.
target_compile_options(imrs_options INTERFACE
  -ffile-prefix-map=${CMAKE_BINARY_DIR}=./build -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

set(package_dir ${CMAKE_SOURCE_DIR}/packaging/package)
set(made_dir ${CMAKE_BINARY_DIR}/package)
set(doc_dir usr/share/doc/imrs-appliance)

# ---- Files that are made: the manual page and the completions of imrsctl, by itself; compressed texts ----

# Compressed without name and time; <file> may itself be made.
function(imrs_gzip file result)
  get_filename_component(name ${file} NAME)
  set(gz ${made_dir}/${name}.gz)
  add_custom_command(OUTPUT ${gz} COMMAND sh -c "gzip -9nc \"$0\" >\"$1\"" ${file} ${gz} DEPENDS ${file}
                     VERBATIM)
  set(${result} ${${result}} ${gz} PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY ${made_dir}/completions)
add_custom_command(
  OUTPUT ${made_dir}/imrsctl.8 ${made_dir}/completions/imrsctl
  COMMAND sh -c "\"$0\" manual >\"$1\"" $<TARGET_FILE:imrsctl> ${made_dir}/imrsctl.8
  COMMAND sh -c "\"$0\" completion >\"$1\"" $<TARGET_FILE:imrsctl> ${made_dir}/completions/imrsctl
  DEPENDS imrsctl
  VERBATIM)
set(manual_pages "")
imrs_gzip(${made_dir}/imrsctl.8 manual_pages)
foreach(program imrs-agent imrs-engine imrs-zone imrs-web)
  imrs_gzip(${package_dir}/manual/${program}.8 manual_pages)
endforeach()
set(changelog "")
configure_file(${package_dir}/changelog ${made_dir}/changelog.Debian COPYONLY)
imrs_gzip(${made_dir}/changelog.Debian changelog)
add_custom_target(imrs_package_files ALL
                  DEPENDS ${manual_pages} ${changelog} ${made_dir}/completions/imrsctl)

# ---- What is installed where ----

install(TARGETS imrs-agent imrs-engine imrs-zone imrs-web RUNTIME DESTINATION usr/lib/imrs)
install(TARGETS imrsctl RUNTIME DESTINATION usr/bin)
foreach(script check-configuration recover-configuration withdraw bird-configuration firewall tune-cards)
  install(PROGRAMS ${package_dir}/scripts/${script} DESTINATION usr/lib/imrs)
endforeach()

foreach(unit imrs-agent imrs-bird imrs-firewall imrs-recover imrs-tuning)
  install(FILES ${package_dir}/units/${unit}.service DESTINATION lib/systemd/system)
endforeach()
install(FILES ${package_dir}/units/imrs-recover.path DESTINATION lib/systemd/system)
install(FILES ${package_dir}/units/bird.service.d/imrs-appliance.conf
        DESTINATION lib/systemd/system/bird.service.d)
install(FILES ${package_dir}/sysusers.conf DESTINATION usr/lib/sysusers.d RENAME imrs-appliance.conf)
install(FILES ${package_dir}/tmpfiles.conf DESTINATION usr/lib/tmpfiles.d RENAME imrs-appliance.conf)
install(FILES ${package_dir}/sysctl.conf DESTINATION usr/lib/sysctl.d RENAME 60-imrs-appliance.conf)
install(FILES ${package_dir}/modules-load.conf DESTINATION usr/lib/modules-load.d RENAME imrs-appliance.conf)
install(FILES ${package_dir}/system.conf DESTINATION usr/lib/systemd/system.conf.d
        RENAME 50-imrs-appliance.conf)

install(FILES ${manual_pages} DESTINATION usr/share/man/man8)
install(FILES ${made_dir}/completions/imrsctl DESTINATION usr/share/bash-completion/completions)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/packaging/prometheus ${CMAKE_SOURCE_DIR}/packaging/grafana
        DESTINATION usr/share/imrs PATTERN tests.yaml EXCLUDE)
file(GLOB examples CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/packaging/examples/*.json)
install(FILES ${examples} DESTINATION usr/share/imrs/examples)

# STYLE.md is for those who write the code.
file(GLOB documents CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/*.md)
list(FILTER documents EXCLUDE REGEX "/STYLE\\.md$")
install(FILES ${documents} ${package_dir}/copyright ${changelog} DESTINATION ${doc_dir})
install(FILES ${package_dir}/lintian-overrides DESTINATION usr/share/lintian/overrides RENAME imrs-appliance)

# ---- CPack ----

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME imrs-appliance)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "IMRS appliance <imrs-appliance@icann.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "ICANN managed root server in a box")
set(CPACK_PACKAGE_DESCRIPTION
"Answers for L-root of the DNS from somebody else's data centre, keeps checking
its own answers, and announces the service prefixes by BGP only while those
answers are right.

This package makes the whole machine an appliance: a DNS engine, a supervisor,
pages and metrics, BIRD in a unit of its own, a packet filter and kernel
settings. It starts at boot, and nobody has to log in to it.")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Libraries by their symbols; what the units, their scripts and the maintainer scripts call; netbase has the
# names of protocols for nft.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "bird2 (>= 2.0.12), dns-root-data, ethtool, iproute2, netbase, nftables (>= 1.0.6), systemd (>= 252)")
# A clock that is right, and a way in for remote hands.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "chrony | time-daemon, openssh-server")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${package_dir}/control/postinst ${package_dir}/control/prerm ${package_dir}/control/postrm)
include(CPack)
