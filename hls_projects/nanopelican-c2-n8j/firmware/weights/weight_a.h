//Numpy array shape [2]
//Min -71.000000000000
//Max 6.000000000000
//Number of zeros 0

#ifndef WEIGHT_A_H_
#define WEIGHT_A_H_

weight_a_t weight_a[2] = {6, -71};


#endif
