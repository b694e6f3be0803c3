#ifndef TAGGER_H_
#define TAGGER_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void tagger(
    input_t pt[20], input2_t eta[20], input3_t phi[20],
    result_t score[1]
);

// hls-fpga-machine-learning insert emulator-defines


#endif
