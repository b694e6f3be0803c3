#ifndef DEFINES_H_
#define DEFINES_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "nnet_utils/nnet_types.h"
#include <array>
#include <cstddef>
#include <cstdio>
#include <tuple>
#include <tuple>


// hls-fpga-machine-learning insert numbers

// hls-fpga-machine-learning insert layer-precision
typedef ap_ufixed<12,10,AP_TRN,AP_SAT,0> input_t;
typedef ap_fixed<9,9,AP_TRN,AP_SAT,0> input2_t;
typedef ap_fixed<9,9,AP_TRN,AP_SAT,0> input3_t;
typedef ap_uint<7> eta_table_d_t;
typedef ap_uint<7> phi_table_d_t;
typedef ap_ufixed<8,11,AP_TRN,AP_SAT,0> d_t;
typedef ap_ufixed<10,13,AP_TRN,AP_SAT,0> r_t;
typedef ap_ufixed<11,16,AP_TRN,AP_SAT,0> t_t;
typedef ap_int<8> weight_a_t;
typedef ap_int<12> bias_a_t;
typedef ap_int<8> context_weight_a_t;
typedef ap_fixed<9,11,AP_TRN,AP_SAT,0> a_t;
typedef ap_int<8> weight_g_t;
typedef ap_int<12> bias_g_t;
typedef ap_int<8> context_weight_g_t;
typedef ap_ufixed<9,8,AP_TRN,AP_SAT,0> g_t;
typedef ap_ufixed<14,16,AP_TRN,AP_SAT,0> s_t;
typedef ap_ufixed<13,13,AP_TRN,AP_SAT,0> u_t;
typedef ap_int<8> weight_score_t;
typedef ap_int<12> bias_score_t;
typedef ap_int<8> context_weight_score_t;
typedef ap_fixed<12,5,AP_TRN,AP_SAT,0> result_t;

// hls-fpga-machine-learning insert emulator-defines


#endif
