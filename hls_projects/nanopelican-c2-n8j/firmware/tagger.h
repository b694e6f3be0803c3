#ifndef TAGGER_H_
#define TAGGER_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void tagger(
    input_t pt[8], input2_t eta[8], input3_t phi[8], input4_t jet_pt[1], input5_t jet_excess[1],
    result_t score[1]
);

// hls-fpga-machine-learning insert emulator-defines


#endif
