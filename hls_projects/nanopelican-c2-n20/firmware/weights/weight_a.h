//Numpy array shape [4]
//Min -2.000000000000
//Max 83.000000000000
//Number of zeros 0

#ifndef WEIGHT_A_H_
#define WEIGHT_A_H_

weight_a_t weight_a[4] = {13, -2, 83, -2};


#endif
