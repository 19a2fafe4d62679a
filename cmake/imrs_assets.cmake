# imrs_assets(<variable> <files>): makes a C++ source that holds the files, and names it in <variable>. It
# defines imrs::web::assets(); see agent/web/assets.h. A file goes by its name without its folder.
function(imrs_assets result)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_assets.cc)
  set(files "")
  foreach(file ${ARGN})
    list(APPEND files ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DSOURCE=${source} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the pages' assets"
    VERBATIM)
  set(${result} ${source} PARENT_SCOPE)
endfunction()
