# Fails where LIBRARY, stripped, is larger than LIMIT bytes.
#   cmake -DLIBRARY=... -DSTRIP=... -DLIMIT=... -P SizeTest.cmake
execute_process(COMMAND ${STRIP} -o ${LIBRARY}.stripped ${LIBRARY} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "strip failed")
endif()
file(SIZE ${LIBRARY}.stripped size)
file(REMOVE ${LIBRARY}.stripped)
message("${size} bytes, at most ${LIMIT}")
if(size GREATER LIMIT)
  message(FATAL_ERROR "the runtime has grown beyond its limit")
endif()
