//Numpy array shape [2]
//Min -102.000000000000
//Max 40.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_A_H_
#define CONTEXT_WEIGHT_A_H_

context_weight_a_t context_weight_a[2] = {-102, 40};


#endif
