//Numpy array shape [2]
//Min -72.000000000000
//Max 1824.000000000000
//Number of zeros 0

#ifndef BIAS_A_H_
#define BIAS_A_H_

bias_a_t bias_a[2] = {1824, -72};


#endif
