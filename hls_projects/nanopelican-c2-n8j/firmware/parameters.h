#ifndef PARAMETERS_H_
#define PARAMETERS_H_

#include "ap_fixed.h"
#include "ap_int.h"

#include "nnet_utils/nnet_code_gen.h"
#include "nnet_utils/nnet_helpers.h"
// hls-fpga-machine-learning insert includes
#include "triggernet/dense.h"
#include "triggernet/pair_relu.h"
#include "triggernet/polar_dot.h"
#include "triggernet/reduce.h"

// hls-fpga-machine-learning insert weights
#include "weights/eta_table_d.h"
#include "weights/phi_table_d.h"
#include "weights/eta_table_r.h"
#include "weights/phi_table_r.h"
#include "weights/weight_a.h"
#include "weights/bias_a.h"
#include "weights/context_weight_a.h"
#include "weights/weight_g.h"
#include "weights/bias_g.h"
#include "weights/context_weight_g.h"
#include "weights/weight_score.h"
#include "weights/bias_score.h"
#include "weights/context_weight_score.h"


// hls-fpga-machine-learning insert layer-config
// d
struct config_d {
    static const int n_constituents = 8;
    static const int n_jets = 0;
    static const int n_beams = 0;
    static const int n_particles = 8;
    static const int n_pairs = 28;
    static const int reuse_factor = 1;
    static const int n_lanes = 28;
    static const int jet_lanes = 8;
    static const int eta_size = 256;
    static const int phi_size = 256;
    typedef ap_uint<7> code_t;
    typedef ap_ufixed<7,-1> table_t;
    typedef ap_ufixed<8,0> angle_t;
    typedef ap_ufixed<9,1> cosh_t;
    typedef ap_ufixed<13,18,AP_TRN,AP_SAT> product_t;
};

// r
struct config_r {
    static const int n_constituents = 8;
    static const int n_jets = 0;
    static const int n_beams = 0;
    static const int n_particles = 8;
    static const int n_pairs = 28;
    static const int reuse_factor = 1;
    static const int n_lanes = 28;
    static const int jet_lanes = 8;
    static const int eta_size = 256;
    static const int phi_size = 256;
    typedef ap_uint<7> code_t;
    typedef ap_ufixed<7,-1> table_t;
    typedef ap_ufixed<7,-1> angle_t;
    typedef ap_ufixed<9,1> cosh_t;
    typedef ap_ufixed<17,9> inner_exact_t;
    typedef ap_ufixed<6,8,AP_TRN,AP_SAT> inner_t;
};

// t
struct config_t {
};

// a
struct config_a {
    static const int n_rows = 8;
    static const int n_in = 1;
    static const int n_out = 2;
    static const int n_context = 1;
    static const int n_select = 1;
    static const int relu = 0;
    static const int reuse_factor = 1;
    static const int multiplier_limit = 16;
    static const int weight_size = 2;
    static const int bias_size = 2;
    static const int context_weight_size = 2;
    typedef ap_fixed<18,10> acc_t;
    typedef ap_fixed<8,-3> weight_t;
    typedef ap_int<8> weight_code_t;
    typedef ap_fixed<12,7> bias_t;
    typedef ap_int<12> bias_code_t;
    typedef ap_fixed<8,-8> context_weight_t;
    typedef ap_int<8> context_weight_code_t;
};

// g
struct config_g {
    static const int n_rows = 8;
    static const int n_in = 1;
    static const int n_out = 2;
    static const int n_context = 1;
    static const int n_select = 1;
    static const int relu = 1;
    static const int reuse_factor = 1;
    static const int multiplier_limit = 16;
    static const int weight_size = 2;
    static const int bias_size = 2;
    static const int context_weight_size = 2;
    typedef ap_fixed<19,11> acc_t;
    typedef ap_fixed<8,-2> weight_t;
    typedef ap_int<8> weight_code_t;
    typedef ap_fixed<12,9> bias_t;
    typedef ap_int<12> bias_code_t;
    typedef ap_fixed<8,-8> context_weight_t;
    typedef ap_int<8> context_weight_code_t;
};

// s
struct config_s {
    static const int n_constituents = 8;
    static const int n_particles = 8;
    static const int n_channels = 2;
    static const int n_terms = 2;
    static const int reuse_factor = 1;
    static const int n_lanes = 28;
    static const int n_leaves = 28;
    typedef ap_fixed<11,14> exact_t;
    typedef ap_ufixed<9,13,AP_TRN,AP_SAT> z_t;
    typedef ap_ufixed<13,17> acc_t;
    static constexpr int sign(int c) { return c == 0 ? 1 : 1; }
};

// u
struct config_u {
    static const int n_particles = 8;
    static const int n_features = 2;
    static const int n_constituents = 8;
    typedef ap_ufixed<9,8> acc_t;
};

// score
struct config_score {
    static const int n_rows = 1;
    static const int n_in = 2;
    static const int n_out = 1;
    static const int n_context = 2;
    static const int n_select = 1;
    static const int relu = 0;
    static const int reuse_factor = 1;
    static const int multiplier_limit = 2;
    static const int weight_size = 2;
    static const int bias_size = 1;
    static const int context_weight_size = 2;
    typedef ap_fixed<21,8> acc_t;
    typedef ap_fixed<8,-7> weight_t;
    typedef ap_int<8> weight_code_t;
    typedef ap_fixed<12,2> bias_t;
    typedef ap_int<12> bias_code_t;
    typedef ap_fixed<8,-3> context_weight_t;
    typedef ap_int<8> context_weight_code_t;
};



#endif
