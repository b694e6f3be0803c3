//Numpy array shape [2]
//Min -97.000000000000
//Max -5.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_SCORE_H_
#define CONTEXT_WEIGHT_SCORE_H_

context_weight_score_t context_weight_score[2] = {-97, -5};


#endif
