//Numpy array shape [2]
//Min -66.000000000000
//Max 1907.000000000000
//Number of zeros 0

#ifndef BIAS_A_H_
#define BIAS_A_H_

bias_a_t bias_a[2] = {1907, -66};


#endif
