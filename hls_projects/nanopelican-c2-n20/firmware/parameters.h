#ifndef PARAMETERS_H_
#define PARAMETERS_H_

#include "ap_fixed.h"
#include "ap_int.h"

#include "nnet_utils/nnet_code_gen.h"
#include "nnet_utils/nnet_helpers.h"
// hls-fpga-machine-learning insert includes
#include "triggernet/dense.h"
#include "triggernet/pair_relu.h"
#include "triggernet/pair_row_sum.h"
#include "triggernet/polar_dot.h"
#include "triggernet/reduce.h"

// hls-fpga-machine-learning insert weights
#include "weights/eta_table_d.h"
#include "weights/phi_table_d.h"
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
    static const int n_constituents = 20;
    static const int n_jets = 0;
    static const int n_beams = 0;
    static const int n_particles = 20;
    static const int n_pairs = 190;
    static const int reuse_factor = 1;
    static const int n_lanes = 190;
    static const int jet_lanes = 20;
    static const int eta_size = 512;
    static const int phi_size = 512;
    typedef ap_uint<7> code_t;
    typedef ap_ufixed<7,0> table_t;
    typedef ap_ufixed<8,1> angle_t;
    typedef ap_ufixed<8,1> cosh_t;
    typedef ap_ufixed<15,20,AP_TRN,AP_SAT> product_t;
};

// r
struct config_r {
    static const int n_particles = 20;
    typedef ap_ufixed<13,16> acc_t;
};

// t
struct config_t {
    static const int n_particles = 20;
    static const int n_features = 1;
    static const int n_constituents = 20;
    typedef ap_ufixed<15,18> acc_t;
};

// a
struct config_a {
    static const int n_rows = 20;
    static const int n_in = 1;
    static const int n_out = 4;
    static const int n_context = 1;
    static const int n_select = 1;
    static const int relu = 0;
    static const int reuse_factor = 1;
    static const int multiplier_limit = 80;
    static const int weight_size = 4;
    static const int bias_size = 4;
    static const int context_weight_size = 4;
    typedef ap_fixed<22,10> acc_t;
    typedef ap_fixed<8,-2> weight_t;
    typedef ap_int<8> weight_code_t;
    typedef ap_fixed<12,5> bias_t;
    typedef ap_int<12> bias_code_t;
    typedef ap_fixed<8,-9> context_weight_t;
    typedef ap_int<8> context_weight_code_t;
};

// g
struct config_g {
    static const int n_rows = 20;
    static const int n_in = 1;
    static const int n_out = 2;
    static const int n_context = 1;
    static const int n_select = 1;
    static const int relu = 1;
    static const int reuse_factor = 1;
    static const int multiplier_limit = 40;
    static const int weight_size = 2;
    static const int bias_size = 2;
    static const int context_weight_size = 2;
    typedef ap_fixed<20,11> acc_t;
    typedef ap_fixed<8,-2> weight_t;
    typedef ap_int<8> weight_code_t;
    typedef ap_fixed<12,6> bias_t;
    typedef ap_int<12> bias_code_t;
    typedef ap_fixed<8,-6> context_weight_t;
    typedef ap_int<8> context_weight_code_t;
};

// s
struct config_s {
    static const int n_constituents = 20;
    static const int n_particles = 20;
    static const int n_channels = 2;
    static const int n_terms = 4;
    static const int reuse_factor = 1;
    static const int n_lanes = 190;
    static const int n_leaves = 380;
    typedef ap_fixed<11,13> exact_t;
    typedef ap_ufixed<10,12,AP_TRN,AP_SAT> z_t;
    typedef ap_ufixed<17,19> acc_t;
    static constexpr int sign(int c) { return c == 0 ? -1 : -1; }
};

// u
struct config_u {
    static const int n_particles = 20;
    static const int n_features = 2;
    static const int n_constituents = 20;
    typedef ap_ufixed<14,13> acc_t;
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
    typedef ap_fixed<22,9> acc_t;
    typedef ap_fixed<8,-7> weight_t;
    typedef ap_int<8> weight_code_t;
    typedef ap_fixed<12,4> bias_t;
    typedef ap_int<12> bias_code_t;
    typedef ap_fixed<8,-4> context_weight_t;
    typedef ap_int<8> context_weight_code_t;
};



#endif
