//Numpy array shape [4]
//Min -72.000000000000
//Max -25.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_A_H_
#define CONTEXT_WEIGHT_A_H_

context_weight_a_t context_weight_a[4] = {-25, -72, -25, -72};


#endif
