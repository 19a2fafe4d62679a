# The libraries this project uses, each behind a target of its own name so that imrs_forbid() can
# see who reaches it. All are Debian 12 packages; packaging/install-packages lists them.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(LDNS REQUIRED IMPORTED_TARGET ldns)

add_library(imrs_json INTERFACE)
target_link_libraries(imrs_json INTERFACE nlohmann_json::nlohmann_json)

add_library(imrs_prometheus INTERFACE)
target_link_libraries(imrs_prometheus INTERFACE prometheus-cpp::core)

add_library(imrs_ldns INTERFACE)
target_link_libraries(imrs_ldns INTERFACE PkgConfig::LDNS)

# Asio (coroutines) is Boost's headers; Beast is the same package, told apart by this target.
add_library(imrs_asio INTERFACE)
target_link_libraries(imrs_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(imrs_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX)

add_library(imrs_beast INTERFACE)
target_link_libraries(imrs_beast INTERFACE imrs_asio)

if(IMRS_TESTS)
  find_package(GTest REQUIRED)
endif()
