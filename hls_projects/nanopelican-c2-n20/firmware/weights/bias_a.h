//Numpy array shape [4]
//Min -336.000000000000
//Max 2013.000000000000
//Number of zeros 0

#ifndef BIAS_A_H_
#define BIAS_A_H_

bias_a_t bias_a[4] = {-336, 2013, -336, 2013};


#endif
